import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CertificatePut, HubCertificate, VerificationCode } from './contract.ts';
import { apiPath, callUi } from './http.ts';

const listKey = (hub: string) => ['hub-certificates', hub];

export function useHubCertificates(hub: string) {
  return useQuery({
    queryKey: listKey(hub),
    queryFn: async () => (await callUi<{ value: HubCertificate[] }>('GET', apiPath('hubs', hub, 'certificates'))).value,
  });
}

export type NewHubCertificate = { id: string; body: CertificatePut };

export function useUploadHubCertificate(hub: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: NewHubCertificate) =>
      callUi<HubCertificate>('PUT', apiPath('hubs', hub, 'certificates', id), { body }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: listKey(hub) }),
  });
}

/** What can be done with a CA certificate of a hub. */
export function useHubCertificateActions(hub: string, id: string) {
  const queryClient = useQueryClient();
  const path = apiPath('hubs', hub, 'certificates', id);
  const onSettled = () => queryClient.invalidateQueries({ queryKey: listKey(hub) });
  return {
    generateCode: useMutation({ mutationFn: () => callUi<VerificationCode>('POST', `${path}/generateVerificationCode`) }),
    verify: useMutation({
      mutationFn: (certificate: string) => callUi<void>('POST', `${path}/verify`, { body: { certificate } }),
      onSettled,
    }),
    remove: useMutation({ mutationFn: () => callUi<void>('DELETE', path), onSettled }),
  };
}
