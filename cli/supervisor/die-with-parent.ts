/** Preloaded into every supervised process: when the supervisor is gone, even by SIGKILL, the process stops itself. */
if (process.channel) {
  process.channel.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}
