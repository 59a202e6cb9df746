import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { ApiError } from '../api/http.ts';
import { CopyButton } from './copy-button.tsx';

const useStyles = makeStyles({
  tracking: {
    display: 'flex',
    alignItems: 'center',
    flexWrap: 'wrap',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
  },
  code: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere', marginLeft: '4px' },
  body: { paddingTop: '8px', paddingBottom: '8px', overflowWrap: 'anywhere', minWidth: 0 },
  // Beside the first line, which stands lower than Fluent expects.
  icon: { paddingTop: '8px' },
  title: { display: 'block' },
  fix: { display: 'block', paddingTop: '4px' },
});

type Props = { error: unknown; title: string; fix?: ReactNode; onRetry?: () => void };

/** What failed, why, what mends it where we know, and the id that finds it in the server's log. */
export function ErrorMessage({ error, title, fix, onRetry }: Props) {
  const styles = useStyles();
  const message = error instanceof Error ? error.message : 'Something went wrong.';
  const requestId = error instanceof ApiError ? error.requestId : undefined;
  return (
    <MessageBar intent="error" layout="multiline" role="alert" icon={{ className: styles.icon }}>
      <MessageBarBody className={styles.body}>
        <MessageBarTitle className={styles.title}>{title}</MessageBarTitle>
        {message}
        {fix && <span className={styles.fix}>{fix}</span>}
        {requestId && (
          <span className={styles.tracking}>
            Tracking id <code className={styles.code}>{requestId}</code>
            <CopyButton text={requestId} label="Copy tracking id" />
          </span>
        )}
      </MessageBarBody>
      {onRetry && (
        <MessageBarActions>
          <Button onClick={onRetry}>Try again</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}
