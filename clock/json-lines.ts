/** JSON lines over a socket: bytes in any slices become whole lines; a line over the limit ends the connection. */
import type { Socket } from 'node:net';

export function readLines(socket: Socket, bytesMax: number, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > bytesMax) socket.destroy();
    for (const line of lines) {
      if (line.length > 0) onLine(line);
    }
  });
}

export function writeLine(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
