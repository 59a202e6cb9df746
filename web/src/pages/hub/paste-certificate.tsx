import { Field, Textarea } from '@fluentui/react-components';
import { useState } from 'react';
import { type FoundCertificate, findCertificate } from './certificate-words.ts';

/** Takes the whole output of a command, so that nobody has to find the thumbprint in it. */
export function PasteCertificate({ onFound }: { onFound: (found: FoundCertificate) => void }) {
  const [text, setText] = useState('');
  const found = findCertificate(text);
  const hint = 'Paste it whole: thumbprint and device ID are taken from it.';
  return (
    <Field label="Output of tedge cert show" hint={hint} {...(text.trim() === '' ? {} : messageOf(found))}>
      <Textarea
        value={text}
        rows={3}
        maxLength={16_384}
        spellCheck={false}
        onChange={(_event, data) => {
          setText(data.value);
          const now = findCertificate(data.value);
          if (now.thumbprint !== undefined) onFound(now);
        }}
      />
    </Field>
  );
}

function messageOf({ thumbprint, deviceId }: FoundCertificate) {
  if (thumbprint === undefined) {
    return { validationState: 'warning', validationMessage: 'There is no thumbprint in this text.' } as const;
  }
  const validationMessage =
    deviceId === undefined ? 'The thumbprint was taken.' : `The thumbprint was taken. The certificate was made for ${deviceId}.`;
  return { validationState: 'success', validationMessage } as const;
}
