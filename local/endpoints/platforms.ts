import type { Clock } from '#core/ports.ts'
import { ecsService } from './ecs.ts'
import { eksService } from './eks.ts'
import type { EksState } from './eks-state.ts'
import { kubernetesService } from './kubernetes.ts'
import { Kubernetes } from './kubernetes-cluster.ts'
import { lambdaService } from './lambda.ts'

/** Where applications run: ECS, Lambda, and EKS with its clusters; kept in one directory. */
export const platformServices = (options: { directory: string; clock: Pick<Clock, 'now'> }) => {
  const ecs = ecsService(options)
  const lambda = lambdaService(options)
  const kubernetes = new Kubernetes(options)
  return {
    services: [kubernetesService({ kubernetes }), ecs, lambda, eksService({ kubernetes })],
    loaders: { ecs: ecs.load, lambda: lambda.load, eks: (state: EksState) => kubernetes.load(state) },
  }
}
