/** The `detail-type` of the event by which CI tells of a change. */
export const CHANGE_EVENT = 'vector-rollback change'
