// The framework connects a page again that was connected once, but gives up when the very first attempt fails, as it does when the
// network changes in that moment. The page is then loaded anew, at most three times in a row.
(() => {
  const key = 'portal.starts';
  const tries = () => { try { return Number(sessionStorage.getItem(key) ?? 0); } catch { return 3; } };
  const note = count => { try { sessionStorage.setItem(key, String(count)); } catch { /* then there is one try */ } };
  const patience = 8000;
  const began = performance.now();
  const watch = setInterval(() => {
    if (document.querySelector('.p-shell')) {
      clearInterval(watch);
      note(0);
    } else if (performance.now() - began > patience) {
      clearInterval(watch);
      if (tries() < 3) {
        note(tries() + 1);
        location.reload();
      }
    }
  }, 250);
})();
