/** Loaded before a program (`--import`): its databases no longer flush their commits, whatever they ask for. A test must find that out. */
import { DatabaseSync } from 'node:sqlite';

const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function carelessly(this: DatabaseSync, sql: string) {
  return exec.call(this, sql.replace('synchronous = FULL', 'synchronous = OFF'));
};
