import { makeStyles, Skeleton, SkeletonItem } from '@fluentui/react-components';
import { useEffect, useState } from 'react';

const useStyles = makeStyles({ frame: { display: 'flex', flexDirection: 'column', gap: '12px' } });

/** Grey lines in the shape of what is coming; only after 150 ms, so that quick answers do not flash. */
export function Loading({ rows = 6, label = 'Loading' }: { rows?: number; label?: string }) {
  const styles = useStyles();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!isShown) return null;
  return (
    <Skeleton aria-label={label} className={styles.frame}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are alike and never move
        <SkeletonItem key={row} size={24} />
      ))}
    </Skeleton>
  );
}
