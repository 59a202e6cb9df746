import { Button, Field, Input, makeStyles, Spinner, tokens } from '@fluentui/react-components';
import { ArrowClockwiseRegular } from '@fluentui/react-icons/svg/arrow-clockwise';
import { ShieldCheckmarkRegular } from '@fluentui/react-icons/svg/shield-checkmark';
import { useState } from 'react';
import type { useCertificateActions } from '../../api/enrollment-groups.ts';
import { ApiError } from '../../api/http.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { FileButton } from '../../components/file-button.tsx';
import { exactWords } from '../../components/time-words.ts';
import { certificateFileTypes, encodeCertificateFile } from './certificate-file.ts';
import { proofFix } from './certificate-words.ts';

const useStyles = makeStyles({
  steps: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'stretch' },
  text: { margin: 0, color: tokens.colorNeutralForeground2 },
  line: { display: 'flex', alignItems: 'center', gap: '4px' },
  box: {
    flexGrow: 1,
    minWidth: 0,
    '& input': { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, textOverflow: 'ellipsis' },
  },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
});

type Props = { actions: Pick<ReturnType<typeof useCertificateActions>, 'generateCode' | 'verify'> };

/** Code out, proof back: shows that whoever uploaded the CA can sign with it. */
export function ProvePossession({ actions }: Props) {
  const styles = useStyles();
  const { generateCode, verify } = actions;
  const [fileError, setFileError] = useState<unknown>();
  const code = generateCode.data?.verificationCode ?? '';
  const expiresAt = generateCode.data?.expiresAt;

  function newCode() {
    setFileError(undefined);
    verify.reset();
    generateCode.mutate();
  }

  async function sendProof(file: File) {
    setFileError(undefined);
    try {
      verify.mutate(encodeCertificateFile(new Uint8Array(await file.arrayBuffer())));
    } catch (error) {
      setFileError(error);
    }
  }

  const failure = fileError ?? verify.error;
  const fix = failure instanceof ApiError ? proofFix(failure.code) : undefined;
  return (
    <div className={styles.steps}>
      <p className={styles.text}>
        Show that the CA is yours: have it sign a certificate whose common name is the code, then bring that certificate here.
      </p>
      {generateCode.isError && <ErrorMessage title="No code was issued" error={generateCode.error} />}
      <Field label="Verification code" {...(expiresAt ? { hint: `Good until ${exactWords(Date.parse(expiresAt))}` } : {})}>
        {(fieldProps) => (
          <span className={styles.line}>
            <Input {...fieldProps} className={styles.box} readOnly value={code} placeholder="No code yet" title={code} />
            <CopyButton text={code} label="Copy verification code" size="medium" disabled={code === ''} />
            <Button
              appearance="subtle"
              icon={<ArrowClockwiseRegular />}
              aria-label="Refresh"
              title="Refresh: a new code, which voids the old one"
              disabled={generateCode.isPending}
              onClick={newCode}
            />
          </span>
        )}
      </Field>
      {failure != null && <ErrorMessage title="The proof was refused" error={failure} {...(fix ? { fix } : {})} />}
      <div className={styles.buttons}>
        {code === '' && (
          <Button appearance="primary" disabled={generateCode.isPending} onClick={newCode}>
            Generate verification code
          </Button>
        )}
        <FileButton
          appearance={code === '' ? 'secondary' : 'primary'}
          accept={certificateFileTypes}
          icon={<ShieldCheckmarkRegular />}
          disabled={verify.isPending}
          onFile={(file) => void sendProof(file)}
        >
          Verify
        </FileButton>
        {verify.isPending && <Spinner size="tiny" label="Checking the proof" />}
      </div>
    </div>
  );
}
