interface Stack {
  add(middleware: unknown, options: { step: 'build'; name: string }): void
}

/**
 * The command, with its body left out of the signature: the SDK would hash every byte once more. What it carries has a
 * CRC-32 in a header that is signed, and goes over TLS. S3 itself wants nothing else of a body that is streamed.
 */
export const withUnsignedPayload = <C extends { readonly middlewareStack: object }>(command: C): C => {
  const stack = command.middlewareStack as Stack
  stack.add(
    (next: (args: unknown) => unknown) => (args: { readonly request: { headers: Record<string, string> } }) => {
      args.request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
      return next(args)
    },
    { step: 'build', name: 'unsignedPayload' },
  )
  return command
}
