import { lookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'

/** Where nothing of the internet can be: the function's own machine, its network, and the metadata of its host. */
const OWN_NETWORK = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  OWN_NETWORK.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  OWN_NETWORK.addSubnet(network, bits, 'ipv6')

const isOwn = (address: string): boolean => OWN_NETWORK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** The address is looked at when it is connected to, so that a name cannot point elsewhere a moment later. */
const lookupOutside =
  (refused: (why: string) => Error): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const own = addresses?.find(({ address }) => isOwn(address))
      const [first] = addresses ?? []
      if (error) callback(error, [])
      else if (own) callback(refused(`"${hostname}" is ${own.address}, an address of the own network`), [])
      else if (options.all) callback(null, addresses)
      else callback(null, first?.address ?? '', first?.family)
    })
  }

/**
 * What may be called, and with what; nothing else is connected to. Loopback, and plain HTTP there, is a developer's own. Throws
 * what `refused` makes of the reason.
 */
export const wayTo = (url: string, reach: 'internet' | 'loopback', refused: (why: string) => Error) => {
  const { protocol, hostname } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (reach === 'loopback' && (host === 'localhost' || host === '::1' || /^127\./.test(host)))
    return { send: protocol === 'https:' ? requestHttps : requestHttp, options: {} }
  if (protocol !== 'https:') throw refused(`it is ${protocol}//, not https://`)
  if (isIP(host) && isOwn(host)) throw refused(`${host} is an address of the own network`)
  return { send: requestHttps, options: { lookup: lookupOutside(refused) } }
}
