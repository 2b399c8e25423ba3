/** A request to a service of the application, complete but for its token. */
export interface ServiceCall {
  readonly url: string
  readonly method: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON text; `null` for none. */
  readonly body: string | null
  /** `secret` is the name of an SSM parameter. `header` carries it bare; `null` is `authorization: Bearer`. */
  readonly token: { readonly secret: string; readonly header: string | null } | null
  /** From the beginning of the request to the end of the answer. Milliseconds. */
  readonly timeout: number
}

export interface ServiceAnswer {
  readonly status: number
  /** Names in lower case. The token, should the service repeat it, is struck out here and in the body. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** `false`: it is longer than what is read of it. */
  readonly whole: boolean
  /** From the beginning of the request to the end of the answer. */
  readonly milliseconds: number
}

/** The services of the application, by HTTP. No redirect is followed, and nothing is repeated. */
export interface Services {
  /**
   * Throws `Service.Unreachable` (no connection: nothing was sent), `Service.Lost` (the connection broke before the answer was
   * whole), `Service.Slow` (connected, and no whole answer in time), `Service.Refused` (an address that is not called),
   * `Secret.Unreadable`.
   */
  call(call: ServiceCall, signal: AbortSignal): Promise<ServiceAnswer>
}
