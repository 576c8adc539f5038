/** Builds the libmodbus slave of the tests. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function compileSlave(folder: string): string {
  if (!existsSync('/usr/include/modbus/modbus.h')) throw new Error('missing: apt-get install libmodbus-dev gcc');
  const program = join(folder, 'libmodbus-slave');
  const source = fileURLToPath(new URL('libmodbus-slave.c', import.meta.url));
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-o', program, source, '-lmodbus']);
  return program;
}
