/** Whether a legal `filter` selects `topic`, by comparing them: for few filters, and what faster ways are held to. Wildcards in the first level leave topics starting with $ alone [MQTT-4.7.2-1]. */
export function topicMatches(filter: string, topic: string): boolean {
  const filterLevels = filter.split('/');
  const topicLevels = topic.split('/');
  const [first = ''] = filterLevels;
  if (topicLevels[0]?.startsWith('$') && (first === '+' || first === '#')) return false;
  for (const [index, level] of filterLevels.entries()) {
    // "a/#" selects "a" as well (4.7.1.2), so # ends the comparison even where the topic has ended already.
    if (level === '#') return true;
    if (index >= topicLevels.length) return false;
    if (level !== '+' && level !== topicLevels[index]) return false;
  }
  return filterLevels.length === topicLevels.length;
}
