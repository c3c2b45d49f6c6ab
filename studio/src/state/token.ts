const KEPT = 'headlight token';

/**
 * The secret of the address that the command printed: kept by the browser for this server alone, and taken out of
 * the address, so that it is neither bookmarked nor shown to who looks over a shoulder, and an address of a view opens in a
 * new tab too.
 */
export function takeToken(): string {
  const address = new URL(location.href);
  const given = address.searchParams.get('token');
  if (given === null) return localStorage.getItem(KEPT) ?? '';
  localStorage.setItem(KEPT, given);
  address.searchParams.delete('token');
  history.replaceState(null, '', address);
  return given;
}
