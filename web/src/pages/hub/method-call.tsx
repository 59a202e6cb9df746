import { Button, Field, Input, makeStyles, Spinner, Subtitle2, Textarea, tokens } from '@fluentui/react-components';
import { PlayRegular } from '@fluentui/react-icons/svg/play';
import { type FormEvent, useRef, useState } from 'react';
import type { HubMethodResult } from '../../api/contract.ts';
import { useCallMethod } from '../../api/hub-twins.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { readJson } from './json-draft.ts';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0 },
  form: { display: 'flex', flexDirection: 'column', gap: '16px', width: '100%', maxWidth: '600px' },
  mono: { fontFamily: tokens.fontFamilyMonospace },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '12px', alignItems: 'center' },
});

type Problems = { name?: string | undefined; payload?: string | undefined };

/** Calls a method of a device and shows what it answered. What was typed stays. */
export function MethodCall({ hub, id }: { hub: string; id: string }) {
  const styles = useStyles();
  const call = useCallMethod(hub, id);
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState({ name: '', payload: '', answerSeconds: '30', connectSeconds: '0' });
  const [problems, setProblems] = useState<Problems>({});

  function submit(event: FormEvent) {
    event.preventDefault();
    const payload = readJson(draft.payload);
    const found = { name: draft.name.trim() === '' ? 'Enter the name of a method.' : undefined, payload: payload.problem };
    setProblems(found);
    if (found.name === undefined && payload.problem === undefined) {
      call.mutate({
        methodName: draft.name.trim(),
        payload: payload.value,
        responseTimeoutInSeconds: Number(draft.answerSeconds),
        connectTimeoutInSeconds: Number(draft.connectSeconds),
      });
      return;
    }
    form.current?.querySelector<HTMLElement>(found.name === undefined ? 'textarea' : 'input[name="name"]')?.focus();
  }

  const seconds = (field: 'answerSeconds' | 'connectSeconds', label: string, hint: string) => (
    <Field label={label} hint={hint}>
      <Input
        type="number"
        value={draft[field]}
        contentAfter="s"
        onChange={(_event, data) => setDraft({ ...draft, [field]: data.value })}
      />
    </Field>
  );
  return (
    <section className={styles.section} aria-labelledby="direct-method">
      <Subtitle2 as="h2" id="direct-method">
        Direct method
      </Subtitle2>
      <form ref={form} className={styles.form} onSubmit={submit} noValidate>
        <Field label="Method name" required {...(problems.name === undefined ? {} : { validationMessage: problems.name })}>
          <Input
            name="name"
            input={{ className: styles.mono }}
            value={draft.name}
            maxLength={100}
            autoComplete="off"
            spellCheck={false}
            onChange={(_event, data) => setDraft({ ...draft, name: data.value })}
          />
        </Field>
        <Field
          label="Payload"
          hint="JSON. Left empty, the device gets null."
          {...(problems.payload === undefined ? {} : { validationMessage: problems.payload })}
        >
          <Textarea
            textarea={{ className: styles.mono }}
            value={draft.payload}
            resize="vertical"
            spellCheck={false}
            onChange={(_event, data) => setDraft({ ...draft, payload: data.value })}
          />
        </Field>
        {seconds('answerSeconds', 'Response time-out', 'How long the device may take to answer: 5 to 300.')}
        {seconds('connectSeconds', 'Connection time-out', 'How long to wait for a device that is not connected: 0 to 300.')}
        <div className={styles.buttons}>
          <Button type="submit" appearance="primary" icon={<PlayRegular />} disabledFocusable={call.isPending}>
            Call method
          </Button>
          {call.isPending && <Spinner size="tiny" label="Waiting for the device" />}
        </div>
      </form>
      {call.isError && <ErrorMessage title="The method was not called" error={call.error} />}
      {call.data && <Answer result={call.data} />}
    </section>
  );
}

function Answer({ result: { status, payload } }: { result: HubMethodResult }) {
  const styles = useStyles();
  return (
    <div className={styles.section} role="status" aria-label="Answer">
      <StateWord tone={status >= 200 && status < 300 ? 'good' : 'bad'}>{`The device answered ${status}`}</StateWord>
      <JsonView label="Answer" text={JSON.stringify(payload, null, 2)} />
    </div>
  );
}
