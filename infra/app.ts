import { App } from 'aws-cdk-lib'
import { addStacks } from '#infra/synthesise.ts'

const app = new App()
await addStacks(app)
app.synth()
