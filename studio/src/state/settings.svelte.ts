import { en, type Words } from '../i18n/en.js';
import { zh } from '../i18n/zh.js';
import type { ThemeName } from '../scenes/theme.js';

export type Language = 'en' | 'zh';

const LANGUAGES: Readonly<Record<Language, Words>> = { en, zh };

/** What a person prefers: kept by the browser, not in addresses. */
class Settings {
  language = $state<Language>(
    stored('language') === 'zh' || (stored('language') === null && navigator.language.startsWith('zh')) ? 'zh' : 'en',
  );
  /** `system`: as the system has it. */
  theme = $state<ThemeName | 'system'>(themeOf(stored('theme')));
  #systemIsDark = $state(darkQuery().matches);

  constructor() {
    darkQuery().addEventListener('change', (event) => {
      this.#systemIsDark = event.matches;
    });
  }

  get words(): Words {
    return LANGUAGES[this.language];
  }

  /** The theme that is drawn. */
  get colours(): ThemeName {
    return this.theme === 'system' ? (this.#systemIsDark ? 'dark' : 'light') : this.theme;
  }

  useLanguage(language: Language): void {
    this.language = language;
    store('language', language);
  }

  useTheme(theme: ThemeName | 'system'): void {
    this.theme = theme;
    store('theme', theme);
  }
}

function darkQuery(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)');
}

function themeOf(text: string | null): ThemeName | 'system' {
  return text === 'light' || text === 'dark' ? text : 'system';
}

function stored(name: string): string | null {
  try {
    return localStorage.getItem(`headlight ${name}`);
  } catch {
    return null;
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(`headlight ${name}`, value);
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
}

export const settings = new Settings();
