import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { CopyButton } from './copy-button.tsx';

const useStyles = makeStyles({
  row: { display: 'inline-flex', alignItems: 'center', gap: '4px', minWidth: 0, maxWidth: '100%' },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  oneLine: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', overflowWrap: 'normal' },
});

type Props = { text: string; copyLabel?: string; oneLine?: boolean };

/** An id, thumbprint or topic: monospaced, whole, and with a copy button where `copyLabel` names it. */
export function CodeText({ text, copyLabel, oneLine = false }: Props) {
  const styles = useStyles();
  return (
    <span className={styles.row}>
      <code className={mergeClasses(styles.code, oneLine && styles.oneLine)} title={oneLine ? text : undefined}>
        {text}
      </code>
      {copyLabel && <CopyButton text={text} label={copyLabel} />}
    </span>
  );
}
