/** The names of the sections that this site knows; others in the file belong to someone else. */
export const SECTIONS = ['Site', 'AzureAd', 'DownstreamApis', 'TokenCache', 'Session'] as const;
