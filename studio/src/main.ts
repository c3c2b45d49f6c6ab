import { mount } from 'svelte';
import './style/base.css';
import Page from './Page.svelte';
import { App } from './state/app.svelte.js';
import { httpClient } from './state/client.js';
import { takeToken } from './state/token.js';

const app = new App(httpClient(takeToken()));
mount(Page, { target: document.getElementById('app') as HTMLElement, props: { app } });
app.start();
