import { PGlite } from '@electric-sql/pglite'
import { postgresError } from '#core/sql/errors.ts'
import { entry } from '#functions/lambda.ts'

/** A function whose statement fails, and whose database says by which row. */
export const handler = entry('violated', async () => {
  await using database = await PGlite.create()
  await database.exec('create table customers (id int primary key); insert into customers values (4711)')
  await database.query('insert into customers values (4711)').catch((error: unknown) => {
    throw postgresError(error)
  })
})
