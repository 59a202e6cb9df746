import { Button, Field, makeStyles, Textarea, tokens } from '@fluentui/react-components';
import { PlayRegular } from '@fluentui/react-icons/svg/play';
import { TableSearchRegular } from '@fluentui/react-icons/svg/table-search';
import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { Hub } from '../../api/contract.ts';
import { useHubQuery } from '../../api/hub-twins.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { writeFilter } from '../../components/write-filter.ts';
import { paths } from '../../paths.ts';
import { HubStrip } from './hub-strip.tsx';
import { QueryRows } from './query-rows.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: '12px', maxWidth: '960px' },
  mono: { fontFamily: tokens.fontFamilyMonospace },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  more: { display: 'flex', justifyContent: 'center' },
  count: { color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
  examples: { display: 'flex', flexDirection: 'column', gap: '8px', alignItems: 'center' },
  example: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, height: 'auto', overflowWrap: 'anywhere' },
});

const title = 'Queries';
const examples = [
  'SELECT * FROM devices',
  "SELECT deviceId, connectionState FROM devices WHERE status = 'disabled'",
  'SELECT connectionState, COUNT() AS devices FROM devices GROUP BY connectionState',
];

/** Asks for devices by what their twins say. */
export function HubQueriesPage() {
  return <WithHub title={title}>{(hub) => <Queries key={hub.name} hub={hub} />}</WithHub>;
}

function Queries({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const [search, setSearch] = useSearchParams();
  const asked = search.get('query') ?? '';
  const [text, setText] = useState(asked === '' ? (examples[0] ?? '') : asked);
  const answer = useHubQuery(hub.name, asked);
  const rows = answer.data?.pages.flatMap(({ json }) => json) ?? [];

  function run(query: string) {
    if (query.trim() === '') return;
    setText(query);
    // The same text again asks again.
    if (query.trim() === asked) void answer.refetch();
    else setSearch(writeFilter(search, { query: query.trim() }));
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run(text);
  };

  return (
    <Page
      title={title}
      crumbs={[{ label: 'IoT devices', to: paths.hubDevices({ hub: hub.name }) }]}
      intro="Devices, their modules and the parts of jobs, by what their twins say: from devices, devices.modules or devices.jobs."
    >
      <HubStrip hub={hub} />
      <form className={styles.form} onSubmit={submit} noValidate>
        <Field label="Query" hint="Ctrl Enter runs it.">
          <Textarea
            textarea={{ className: styles.mono, rows: 3 }}
            value={text}
            resize="vertical"
            spellCheck={false}
            onChange={(_event, data) => setText(data.value)}
            onKeyDown={onKeyDown}
          />
        </Field>
        <div className={styles.buttons}>
          <Button
            type="submit"
            appearance="primary"
            icon={<PlayRegular />}
            disabledFocusable={answer.isFetching || text.trim() === ''}
          >
            Run query
          </Button>
          <span role="status" className={styles.count}>
            {answer.data && !answer.isError && countWords(rows.length, answer.hasNextPage)}
          </span>
        </div>
      </form>
      {answer.isError && <ErrorMessage title="The query was not answered" error={answer.error} />}
      {answer.isLoading && <Loading rows={6} />}
      {asked === '' && (
        <EmptyState icon={<TableSearchRegular />} title="Ask for devices" action={<Examples onRun={run} />}>
          Run the query above, or begin with one of these.
        </EmptyState>
      )}
      {answer.data && rows.length === 0 && <EmptyState title="Nothing is like that">No row fits the query.</EmptyState>}
      {rows.length > 0 && <QueryRows hub={hub.name} rows={rows} />}
      {answer.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>
            Load more rows
          </Button>
        </div>
      )}
    </Page>
  );
}

function Examples({ onRun }: { onRun: (query: string) => void }) {
  const styles = useStyles();
  return (
    <div className={styles.examples}>
      {examples.map((query) => (
        <Button key={query} className={styles.example} onClick={() => onRun(query)}>
          {query}
        </Button>
      ))}
    </div>
  );
}

function countWords(count: number, hasMore: boolean): string {
  const rows = `${count} ${count === 1 ? 'row' : 'rows'}`;
  return hasMore ? `the first ${rows}` : rows;
}
