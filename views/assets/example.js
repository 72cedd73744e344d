/** The example page: two parts that call two APIs, so that one works while the other is away. */
// @ts-check
import { Concierge } from './concierge.js';
import { showTodos } from './example-todos.js';
import { showUpload } from './example-upload.js';

const concierge = new Concierge();
const todos = document.querySelector('#todos');
if (todos instanceof HTMLElement) showTodos(todos, concierge);
const upload = document.querySelector('#upload');
if (upload instanceof HTMLElement) showUpload(upload, concierge);
