/** What asks for rights in the database, smallest first. Containment asks for none. */
export const GRANTED_FOR = ['probes', 'partial', 'full', 'restore'] as const
export type GrantedFor = (typeof GRANTED_FOR)[number]
