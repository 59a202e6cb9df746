import { Button, makeStyles } from '@fluentui/react-components';
import { useRouteError } from 'react-router';
import { ErrorMessage } from '../../components/error-message.tsx';

const useStyles = makeStyles({
  page: { padding: '24px', display: 'flex', flexDirection: 'column', gap: '16px', alignItems: 'flex-start' },
});

/** A page that failed to draw or to load. After an update the old parts are gone, and loading again mends it. */
export function CrashPage() {
  const styles = useStyles();
  const error = useRouteError();
  return (
    <main className={styles.page}>
      <ErrorMessage
        title="This page could not be shown"
        error={error}
        fix="If Homeport was updated meanwhile, reload to get the new version."
      />
      <Button appearance="primary" onClick={() => window.location.reload()}>
        Reload
      </Button>
    </main>
  );
}
