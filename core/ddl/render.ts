export { constraintsAfterLoad } from '#core/ddl/render/constraints.ts'
export { copyColumns, createForLoad } from '#core/ddl/render/create.ts'
export { type Finish, finishAfterSwap } from '#core/ddl/render/finish.ts'
export { type IndexStatement, indexesAfterLoad } from '#core/ddl/render/indexes.ts'
