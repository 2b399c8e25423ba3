import { ApiError } from './json-protocol.ts'
import type { Kubernetes } from './kubernetes-cluster.ts'
import { restService } from './rest-protocol.ts'
import type { Service } from './service.ts'

/** DescribeCluster. The clusters are those of `kubernetesService`, on plain HTTP beside it. */
export const eksService = ({ kubernetes }: { kubernetes: Kubernetes }): Service =>
  restService({
    name: 'eks',
    key: ([name = '']) => name,
    routes: [
      {
        operation: 'DescribeCluster',
        method: 'GET',
        path: /^\/clusters\/([^/]+)$/,
        run: ({ names: [name = ''], origin }) => {
          if (!kubernetes.has(name))
            throw new ApiError('ResourceNotFoundException', `No cluster found for name: ${name}.`, 404)
          return { body: { cluster: { name, status: 'ACTIVE', endpoint: `${origin}/kubernetes/${name}` } } }
        },
      },
    ],
  })
