import { makeStyles, tokens } from '@fluentui/react-components';
import { CopyButton } from './copy-button.tsx';

const useStyles = makeStyles({
  frame: { position: 'relative', minWidth: 0 },
  pre: {
    margin: 0,
    padding: '8px 40px 8px 12px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  scroller: { maxHeight: '320px', overflow: 'auto', borderRadius: tokens.borderRadiusMedium },
  copy: { position: 'absolute', top: '4px', right: '4px' },
});

/** JSON, or any text, as it is; `label` names it for the copy button and for readers. */
export function JsonView({ text, label }: { text: string; label: string }) {
  const styles = useStyles();
  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className={styles.scroller} tabIndex={0} aria-label={label}>
        <pre className={styles.pre}>{text}</pre>
      </section>
      <span className={styles.copy}>
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </span>
    </div>
  );
}
