/** Renders templates: every value is escaped, and a missing one is a fault. */
import nunjucks from 'nunjucks';

export type Render = (name: string, data: object) => string;

const dateTime = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
});

export function createViews(directory: string): Render {
  const loader = new nunjucks.FileSystemLoader(directory, { watch: false });
  const environment = new nunjucks.Environment(loader, {
    autoescape: true,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  environment.addFilter('dateTime', (text: string) => {
    const at = new Date(text);
    return Number.isNaN(at.getTime()) ? text : dateTime.format(at);
  });
  return (name, data) => environment.render(`${name}.njk`, data);
}
