import { App } from 'aws-cdk-lib'
import { addStages } from '#infra/synthesise.ts'

const app = new App()
await addStages(app)
app.synth()
