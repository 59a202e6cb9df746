import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { CopyButton } from './copy-button.tsx';

const useStyles = makeStyles({
  frame: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    textAlign: 'center',
    gap: '12px',
    padding: '40px 16px',
  },
  icon: { fontSize: '40px', color: tokens.colorBrandForeground1, lineHeight: 0 },
  text: { maxWidth: '56ch', color: tokens.colorNeutralForeground2, margin: 0 },
  command: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '4px',
    padding: '4px 4px 4px 12px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    textAlign: 'left',
    overflowWrap: 'anywhere',
    maxWidth: '100%',
  },
});

type Props = { icon?: ReactNode; title: string; children: ReactNode; action?: ReactNode; command?: string };

/** What belongs here, the button that makes the first one, and the command line that does the same. */
export function EmptyState({ icon, title, children, action, command }: Props) {
  const styles = useStyles();
  return (
    <div className={styles.frame}>
      {icon && (
        <span className={styles.icon} aria-hidden>
          {icon}
        </span>
      )}
      <Subtitle2 as="h2">{title}</Subtitle2>
      <p className={styles.text}>{children}</p>
      {action}
      {command && (
        <span className={styles.command}>
          {command}
          <CopyButton text={command} label="Copy command" />
        </span>
      )}
    </div>
  );
}
