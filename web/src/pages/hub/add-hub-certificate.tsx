import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  DialogTrigger,
  Field,
  Input,
  makeStyles,
  Switch,
} from '@fluentui/react-components';
import { FolderOpenRegular } from '@fluentui/react-icons/svg/folder-open';
import { useState } from 'react';
import { useUploadHubCertificate } from '../../api/hub-certificates.ts';
import { useMay } from '../../api/session.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { FileButton } from '../../components/file-button.tsx';
import { useReturnFocus } from '../../components/use-return-focus.ts';
import { certificateFileTypes, encodeCertificateFile } from '../permissions/certificate-file.ts';

const useStyles = makeStyles({ fields: { display: 'flex', flexDirection: 'column', gap: '16px', alignItems: 'stretch' } });

/** A name and a file make a CA certificate of the hub. Rendered only while it is open. */
export function AddHubCertificate({ hub, taken, onClose }: { hub: string; taken: readonly string[]; onClose: () => void }) {
  const styles = useStyles();
  useReturnFocus();
  const upload = useUploadHubCertificate(hub);
  const mayVouch = useMay('groups.verify-on-upload');
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const [isVouched, setVouched] = useState(false);
  const [fileError, setFileError] = useState<unknown>();

  async function send(file: File) {
    setFileError(undefined);
    const id = name.trim();
    const found = id === '' ? 'Enter a name.' : taken.includes(id) ? `There is ${id} already. Choose another name.` : undefined;
    setProblem(found);
    if (found) return;
    try {
      const certificate = encodeCertificateFile(new Uint8Array(await file.arrayBuffer()));
      upload.mutate({ id, body: { certificate, ...(isVouched && { verified: true }) } }, { onSuccess: onClose });
    } catch (error) {
      setFileError(error);
    }
  }

  const failure = fileError ?? upload.error;
  return (
    <Dialog open onOpenChange={(_event, data) => !data.open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Add a CA certificate</DialogTitle>
          <DialogContent className={styles.fields}>
            {failure != null && <ErrorMessage title="The certificate was not accepted" error={failure} />}
            <Field label="Name" required {...(problem ? { validationMessage: problem } : {})}>
              <Input
                value={name}
                maxLength={64}
                autoComplete="off"
                spellCheck={false}
                onChange={(_event, data) => {
                  setName(data.value);
                  setProblem(undefined);
                }}
              />
            </Field>
            {mayVouch && (
              <Switch
                label="Set certificate status to verified on upload"
                checked={isVouched}
                onChange={(_event, data) => setVouched(data.checked)}
              />
            )}
          </DialogContent>
          <DialogActions>
            <DialogTrigger disableButtonEnhancement>
              <Button>Cancel</Button>
            </DialogTrigger>
            <FileButton
              appearance="primary"
              accept={certificateFileTypes}
              icon={<FolderOpenRegular />}
              disabled={upload.isPending}
              onFile={(file) => void send(file)}
            >
              Choose file
            </FileButton>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
