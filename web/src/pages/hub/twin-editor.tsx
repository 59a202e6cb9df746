import { Button, Field, makeStyles, Subtitle2, Textarea, tokens } from '@fluentui/react-components';
import { type FormEvent, useRef, useState } from 'react';
import type { HubTwin } from '../../api/contract.ts';
import { ApiError } from '../../api/http.ts';
import { useHubTwin, usePutTwin } from '../../api/hub-twins.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Loading } from '../../components/loading.tsx';
import { readObject, sectionText } from './json-draft.ts';

const useStyles = makeStyles({
  columns: {
    display: 'grid',
    gridTemplateColumns: 'repeat(2, minmax(0, 1fr))',
    gap: '24px',
    '@media (max-width: 960px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  side: { display: 'flex', flexDirection: 'column', gap: '16px', minWidth: 0 },
  mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, minHeight: '100px' },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
});

type Props = { hub: string; id: string; mayWrite: boolean };

/** The twin of a device: what its owner wants on the left, what it reports on the right. */
export function TwinEditor({ hub, id, mayWrite }: Props) {
  const styles = useStyles();
  const twin = useHubTwin(hub, id);
  if (twin.isError && !twin.data) {
    return <ErrorMessage title="The twin could not be loaded" error={twin.error} onRetry={() => void twin.refetch()} />;
  }
  if (!twin.data) return <Loading />;
  return (
    <div className={styles.columns}>
      {mayWrite ? <OwnedForm hub={hub} id={id} twin={twin.data} /> : <OwnedView twin={twin.data} />}
      <section className={styles.side} aria-labelledby="reported">
        <Subtitle2 as="h2" id="reported">
          Reported properties
        </Subtitle2>
        <JsonView label="Reported properties" text={sectionText(twin.data.properties.reported)} />
      </section>
    </div>
  );
}

function OwnedView({ twin }: { twin: HubTwin }) {
  const styles = useStyles();
  return (
    <section className={styles.side} aria-label="Tags and desired properties">
      <Subtitle2 as="h2">Tags</Subtitle2>
      <JsonView label="Tags" text={sectionText(twin.tags)} />
      <Subtitle2 as="h2">Desired properties</Subtitle2>
      <JsonView label="Desired properties" text={sectionText(twin.properties.desired)} />
    </section>
  );
}

/** What was typed, and of which twin: what somebody else changes meanwhile is not overwritten. */
type Draft = { etag: string; tags: string; desired: string };
type Problems = { tags?: string | undefined; desired?: string | undefined };

const sections = [
  ['tags', 'Tags', 'The device does not see them; queries do.'],
  ['desired', 'Desired properties', 'The device is told what changed.'],
] as const;

function OwnedForm({ hub, id, twin }: { hub: string; id: string; twin: HubTwin }) {
  const styles = useStyles();
  const put = usePutTwin(hub, id);
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<Draft>();
  const [problems, setProblems] = useState<Problems>({});
  const loaded: Draft = { etag: twin.etag, tags: sectionText(twin.tags), desired: sectionText(twin.properties.desired) };
  const shown = draft ?? loaded;
  const isChanged = shown.tags !== loaded.tags || shown.desired !== loaded.desired;
  const forget = () => {
    setDraft(undefined);
    setProblems({});
    put.reset();
  };

  function submit(event: FormEvent) {
    event.preventDefault();
    const tags = readObject(shown.tags);
    const desired = readObject(shown.desired);
    setProblems({ tags: tags.problem, desired: desired.problem });
    if (tags.value && desired.value) {
      put.mutate({ etag: shown.etag, tags: tags.value, desired: desired.value }, { onSuccess: () => setDraft(undefined) });
      return;
    }
    const wrong = tags.problem === undefined ? 'desired' : 'tags';
    form.current?.querySelector<HTMLTextAreaElement>(`textarea[name="${wrong}"]`)?.focus();
  }

  const isStale = put.error instanceof ApiError && put.error.status === 412;
  return (
    <form ref={form} className={styles.side} onSubmit={submit} noValidate>
      {put.isError && (
        <ErrorMessage
          title="The twin was not saved"
          error={put.error}
          {...(isStale && {
            fix: 'Somebody changed it since you began. Copy what you typed, then discard it to see what is there now.',
          })}
        />
      )}
      {sections.map(([section, label, hint]) => (
        <Field
          key={section}
          label={label}
          hint={hint}
          {...(problems[section] === undefined ? {} : { validationMessage: problems[section] })}
        >
          <Textarea
            name={section}
            textarea={{ className: styles.mono, rows: Math.min(24, Math.max(5, shown[section].split('\n').length)) }}
            value={shown[section]}
            resize="vertical"
            spellCheck={false}
            onChange={(_event, data) => setDraft({ ...shown, [section]: data.value })}
          />
        </Field>
      ))}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabledFocusable={!isChanged || put.isPending}>
          Save twin
        </Button>
        <Button disabledFocusable={!isChanged} onClick={forget}>
          Discard changes
        </Button>
        <span role="status">{put.isSuccess && !isChanged && `Saved. Version ${twin.version}.`}</span>
      </div>
    </form>
  );
}
