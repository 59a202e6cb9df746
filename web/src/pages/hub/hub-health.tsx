import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import type { Hub, ServerHealth } from '../../api/contract.ts';
import { useServerHealth } from '../../api/health.ts';
import { useHubRouting } from '../../api/hub-routing.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { paths } from '../../paths.ts';
import { deadLetterWords } from './dead-letter-words.ts';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0 },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: '12px' },
  item: { maxWidth: '88ch' },
  fix: { display: 'block', color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
});

/** Whether all is well with the server of a hub; if not, what is wrong, and what mends it. */
export function HubHealth({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const health = useServerHealth();
  const routing = useHubRouting(hub.name);
  const letters = deadLetterWords(routing.data?.destinations ?? []);
  return (
    <section className={styles.section} aria-labelledby="health">
      <Subtitle2 as="h2" id="health">
        Health
      </Subtitle2>
      {health.isError && (
        <ErrorMessage title="The health is not known" error={health.error} onRetry={() => void health.refetch()} />
      )}
      {routing.isError && !health.isError && (
        <ErrorMessage
          title="Whether destinations took everything is not known"
          error={routing.error}
          onRetry={() => void routing.refetch()}
        />
      )}
      {(health.isPending || routing.isPending) && <Loading rows={1} />}
      {health.data && (
        <ul className={styles.list}>
          {health.data.concerns.map((concern) => (
            <li key={`${concern.part} ${concern.says}`} className={styles.item}>
              <ConcernWords concern={concern} />
            </li>
          ))}
          {letters.map(({ destination, says }) => (
            <li key={destination} className={styles.item}>
              <StateWord tone="warning" isLong>
                {says}
                <span className={styles.fix}>
                  <RouteLink to={paths.hubRouting({ hub: hub.name })}>
                    Look at them, and send them again once it is mended
                  </RouteLink>
                </span>
              </StateWord>
            </li>
          ))}
          {routing.data && health.data.concerns.length === 0 && letters.length === 0 && (
            <li>
              <StateWord tone="good" isLong>
                All is well: disk, log, database, certificates and destinations.
              </StateWord>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function ConcernWords({ concern: { state, says, fix } }: { concern: ServerHealth['concerns'][number] }) {
  const styles = useStyles();
  return (
    <StateWord tone={state === 'failed' ? 'bad' : 'warning'} isLong>
      {says}
      <span className={styles.fix}>{fix}</span>
    </StateWord>
  );
}
