/** How many functions of an account run at once, in one region. */
export interface Concurrency {
  /** `unreserved` is what all functions share that reserve nothing. Throws `Concurrency.Unreadable`. */
  account(): Promise<{ readonly limit: number; readonly unreserved: number }>
  /** What a function has reserved; 0 where it has nothing, or is not there yet. Throws `Concurrency.Unreadable`. */
  reserved(functionName: string): Promise<number>
}
