// The choice (system, light or dark) lives in this browser. Loaded in the head: the page never paints in the wrong theme.
(() => {
  const key = 'portal.theme';
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let listener = null;
  const choice = () => {
    try { return localStorage.getItem(key) ?? 'system'; } catch { return 'system'; }
  };
  const isDark = () => choice() === 'dark' || (choice() === 'system' && dark.matches);
  const apply = () => { document.documentElement.dataset.theme = isDark() ? 'dark' : 'light'; };
  apply();
  const changed = () => { apply(); listener?.invokeMethodAsync('ThemeChanged', choice(), isDark()); };
  dark.addEventListener('change', changed);
  addEventListener('storage', e => { if (e.key === key) changed(); });
  window.portalBrowser = {
    start(component) {
      listener = component;
      const now = new Date();
      return {
        theme: choice(), dark: isDark(),
        zone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? null, offset: -now.getTimezoneOffset(),
      };
    },
    async copy(text) {
      try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
    },
    setTheme(value) {
      try { localStorage.setItem(key, value); } catch { /* private window: lasts as long as the page */ }
      changed();
    },
  };
})();
