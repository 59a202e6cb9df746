import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { useCommandHistory } from '../../api/commands.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { shortValue } from '../../components/json-text.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import { AnswerWord } from './command-answer.tsx';

const useStyles = makeStyles({
  frame: { overflowX: 'auto', minWidth: 0 },
  heading: { margin: 0 },
  quiet: { color: tokens.colorNeutralForeground3, margin: 0 },
  table: {
    width: '100%',
    borderCollapse: 'collapse',
    '& th': { textAlign: 'left', padding: '6px 8px', fontWeight: tokens.fontWeightSemibold },
    '& td': {
      padding: '6px 8px',
      borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
      verticalAlign: 'top',
      overflowWrap: 'anywhere',
    },
  },
  json: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

/** What was asked before, newest first. */
export function CommandHistory({ deviceId, name }: { deviceId: string; name: string }) {
  const styles = useStyles();
  const history = useCommandHistory(deviceId, name);
  if (history.isError) return <ErrorMessage title="The history could not be loaded" error={history.error} />;
  return (
    <>
      <Subtitle2 as="h3" className={styles.heading}>
        Command history
      </Subtitle2>
      {history.data?.length === 0 && <p className={styles.quiet}>This command was not run yet.</p>}
      {history.data && history.data.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <section className={styles.frame} tabIndex={0} aria-label="Command history">
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Request</th>
                <th scope="col">Result</th>
                <th scope="col">Response</th>
              </tr>
            </thead>
            <tbody>
              {history.data.slice(0, 20).map((command) => (
                <tr key={command.id}>
                  <td>{command['x-homeport-requestedAt'] && <RelativeTime at={command['x-homeport-requestedAt']} />}</td>
                  <td className={styles.json}>{shortValue(command.request)}</td>
                  <td>
                    <AnswerWord command={command} />
                  </td>
                  <td className={styles.json}>{shortValue(command.response)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}
