import { mount } from 'svelte';
import './style/base.css';
import { App } from './state/app.svelte.js';
import { httpClient } from './state/client.js';
import { takeToken } from './state/token.js';
import Page from './Page.svelte';

const app = new App(httpClient(takeToken()));
mount(Page, { target: document.getElementById('app') as HTMLElement, props: { app } });
app.start();
