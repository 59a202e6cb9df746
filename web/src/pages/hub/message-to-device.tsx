import { Button, Field, Input, makeStyles, Subtitle2, Textarea, tokens } from '@fluentui/react-components';
import { type FormEvent, useRef, useState } from 'react';
import { useSendDeviceMessage } from '../../api/hub-devices.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { readPropertyLines } from './property-lines.ts';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'flex-start', minWidth: 0 },
  form: { display: 'flex', flexDirection: 'column', gap: '16px', width: '100%', maxWidth: '600px' },
  mono: { fontFamily: tokens.fontFamilyMonospace },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '12px', alignItems: 'center' },
});

/** Sends the device a message, which waits until the device completes it. What was typed stays when it is refused. */
export function MessageToDevice({ hub, id }: { hub: string; id: string }) {
  const styles = useStyles();
  const send = useSendDeviceMessage(hub, id);
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState({ body: '', messageId: '', lines: '' });
  const [problem, setProblem] = useState<string>();

  function submit(event: FormEvent) {
    event.preventDefault();
    const read = readPropertyLines(draft.lines);
    setProblem(read.problem);
    if (read.problem !== undefined) {
      form.current?.querySelector<HTMLTextAreaElement>('textarea[name="properties"]')?.focus();
      return;
    }
    const messageId = draft.messageId.trim();
    send.mutate(
      { body: draft.body, properties: read.properties, ...(messageId === '' ? {} : { messageId }) },
      { onSuccess: () => setDraft({ ...draft, body: '', messageId: '' }) },
    );
  }

  return (
    <section className={styles.section} aria-labelledby="message-to-device">
      <Subtitle2 as="h2" id="message-to-device">
        Message to device
      </Subtitle2>
      <form ref={form} className={styles.form} onSubmit={submit} noValidate>
        {send.isError && <ErrorMessage title="The message was not sent" error={send.error} />}
        <Field label="Message body">
          <Textarea
            textarea={{ className: styles.mono }}
            value={draft.body}
            resize="vertical"
            maxLength={64 * 1024}
            onChange={(_event, data) => setDraft({ ...draft, body: data.value })}
          />
        </Field>
        <Field
          label="Properties"
          hint="One to a line, as name=value."
          {...(problem === undefined ? {} : { validationMessage: problem })}
        >
          <Textarea
            name="properties"
            textarea={{ className: styles.mono }}
            value={draft.lines}
            resize="vertical"
            onChange={(_event, data) => setDraft({ ...draft, lines: data.value })}
          />
        </Field>
        <Field label="Message ID" hint="The device gets it with the message. It may be left empty.">
          <Input
            input={{ className: styles.mono }}
            value={draft.messageId}
            maxLength={128}
            autoComplete="off"
            spellCheck={false}
            onChange={(_event, data) => setDraft({ ...draft, messageId: data.value })}
          />
        </Field>
        <div className={styles.buttons}>
          <Button type="submit" appearance="primary" disabled={send.isPending}>
            Send message
          </Button>
          <span role="status">{send.data && `Queued. ${waitingWords(send.data.waiting)}`}</span>
        </div>
      </form>
    </section>
  );
}

function waitingWords(count: number): string {
  return count === 1 ? '1 message was waiting for the device.' : `${count} messages were waiting for the device.`;
}
