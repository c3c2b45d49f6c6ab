/** What any mask costs and promises, as its row of docs/attention.md says: a mask forbids, it computes nothing else. */
export const maskCosts = { time: 'T·S', memory: 'T·S', exact: true } as const;
