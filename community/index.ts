/** The community server's door for tests and tools. */
export { type Db, openDatabase, openReadOnly } from './database.ts';
