import { Button, Field, Input, makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { type FormEvent, useRef, useState } from 'react';
import type { HubDevice } from '../../api/contract.ts';
import { usePatchHubDevice } from '../../api/hub-devices.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Facts } from '../../components/facts.tsx';
import { checkThumbprints, type DraftErrors, givenThumbprints } from './hub-device-draft.ts';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'flex-start', minWidth: 0 },
  form: { display: 'flex', flexDirection: 'column', gap: '16px', width: '100%', maxWidth: '600px' },
  mono: { fontFamily: tokens.fontFamilyMonospace },
  buttons: { display: 'flex', gap: '8px' },
});

type Props = { hub: string; device: HubDevice; mayWrite: boolean };

/** Which certificates let the device in. */
export function DeviceThumbprints({ hub, device, mayWrite }: Props) {
  const styles = useStyles();
  const [isChanging, setChanging] = useState(false);
  const { primaryThumbprint, secondaryThumbprint } = device;
  const shownThumbprint = (text: string | undefined, label: string) =>
    text === undefined ? 'None' : <CodeText text={text} copyLabel={`Copy ${label}`} />;
  return (
    <section className={styles.section} aria-labelledby="thumbprints">
      <Subtitle2 as="h2" id="thumbprints">
        Thumbprints
      </Subtitle2>
      {isChanging ? (
        <ChangeThumbprints hub={hub} device={device} onClose={() => setChanging(false)} />
      ) : (
        <>
          <Facts
            facts={[
              { name: 'Primary Thumbprint', value: shownThumbprint(primaryThumbprint, 'primary thumbprint') },
              { name: 'Secondary Thumbprint', value: shownThumbprint(secondaryThumbprint, 'secondary thumbprint') },
            ]}
          />
          {mayWrite && <Button onClick={() => setChanging(true)}>Change thumbprints</Button>}
        </>
      )}
    </section>
  );
}

const slots = [
  ['primaryThumbprint', 'Primary Thumbprint'],
  ['secondaryThumbprint', 'Secondary Thumbprint'],
] as const;

function ChangeThumbprints({ hub, device, onClose }: { hub: string; device: HubDevice; onClose: () => void }) {
  const styles = useStyles();
  const patch = usePatchHubDevice(hub, device.id);
  const form = useRef<HTMLFormElement>(null);
  const [errors, setErrors] = useState<DraftErrors>({});
  const [thumbprints, setThumbprints] = useState({
    primaryThumbprint: device.primaryThumbprint ?? '',
    secondaryThumbprint: device.secondaryThumbprint ?? '',
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    const found = checkThumbprints(thumbprints);
    setErrors(found);
    const wrong = slots.find(([slot]) => found[slot] !== undefined)?.[0];
    if (wrong) form.current?.querySelector<HTMLInputElement>(`input[name="${wrong}"]`)?.focus();
    else patch.mutate({ thumbprints: givenThumbprints(thumbprints) }, { onSuccess: onClose });
  }

  return (
    <form ref={form} className={styles.form} onSubmit={submit} noValidate>
      {patch.isError && <ErrorMessage title="The thumbprints were not changed" error={patch.error} />}
      {slots.map(([slot, label]) => (
        <Field
          key={slot}
          label={label}
          {...(errors[slot] === undefined ? {} : { validationMessage: errors[slot] })}
          {...(slot === 'secondaryThumbprint'
            ? { hint: 'To renew without a gap: enter the next certificate here, let the device reconnect, then make it primary.' }
            : {})}
        >
          <Input
            name={slot}
            input={{ className: styles.mono }}
            value={thumbprints[slot]}
            maxLength={256}
            autoComplete="off"
            spellCheck={false}
            onChange={(_event, data) => setThumbprints({ ...thumbprints, [slot]: data.value })}
          />
        </Field>
      ))}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabled={patch.isPending}>
          Save thumbprints
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}
