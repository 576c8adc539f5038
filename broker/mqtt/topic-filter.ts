/** Which topic filters are served at all. */

const LENGTH_MAX = 300;
const LEVELS_MAX = 8;

/** [MQTT-4.7.1-2] and [MQTT-4.7.1-3]; no NUL [MQTT-4.7.3-2]; no `$` topics: $SYS tells ids, $share is not delivered. */
export function isValidFilter(filter: string): boolean {
  if (filter === '' || filter.length > LENGTH_MAX || filter.startsWith('$') || filter.includes('\0')) return false;
  const levels = filter.split('/');
  if (levels.length > LEVELS_MAX) return false;
  return levels.every((level, i) => {
    if (level.includes('#')) return level === '#' && i === levels.length - 1;
    return !level.includes('+') || level === '+';
  });
}

/** A topic somebody may publish to: no wildcards [MQTT-3.3.2-2], no `$`. */
export function isValidTopic(topic: string): boolean {
  return isValidFilter(topic) && !/[+#]/.test(topic);
}
