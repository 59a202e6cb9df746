import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RevocationListPut, RevocationLists } from './contract.ts';
import { type CertificateEntry, groupKeys } from './enrollment-groups.ts';
import { apiPath, callUi } from './http.ts';

const pathOf = (groupId: string, entry: CertificateEntry) =>
  `${apiPath('enrollmentGroups', groupId, 'certificates', entry)}/revocationList`;
const keyOf = (groupId: string, entry: CertificateEntry) => [...groupKeys.one(groupId), 'revocationList', entry];

/** What the CA in a slot of a group has taken back. */
export function useRevocationList(groupId: string, entry: CertificateEntry) {
  return useQuery({
    queryKey: keyOf(groupId, entry),
    queryFn: () => callUi<RevocationLists>('GET', pathOf(groupId, entry)),
  });
}

export function useUploadRevocationList(groupId: string, entry: CertificateEntry) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: RevocationListPut) => callUi<RevocationLists>('PUT', pathOf(groupId, entry), { body }),
    onSuccess: (lists) => queryClient.setQueryData(keyOf(groupId, entry), lists),
  });
}
