const dialog = document.getElementById('components-reconnect-modal');
let watching = false;

dialog.addEventListener('components-reconnect-state-changed', e => {
  switch (e.detail.state) {
    case 'show': case 'retrying':
      show('show');
      watch();
      break;
    // Blazor has given up; the watch has not.
    case 'failed':
      show('failed');
      watch();
      break;
    case 'hide':
      dialog.close();
      break;
    // The server does not know this circuit any more (it was restarted): a fresh page does, at the same address.
    case 'rejected': case 'resume-failed':
      location.reload();
      break;
  }
});

document.getElementById('reconnect-retry').addEventListener('click', async () => {
  show('show');
  if (!await reconnect()) show('failed');
});

function show(state) {
  dialog.dataset.now = state;
  if (!dialog.open) dialog.show();
}

// Blazor's own attempts get rarer and end; a portal that is back is noticed here within seconds, however long it was away.
async function watch() {
  if (watching) return;
  watching = true;
  let failures = 0;
  while (dialog.open) {
    await new Promise(resolve => setTimeout(resolve, 2000));
    // It answers, and still takes no circuit: the session may have ended, and a fresh page says so.
    if (dialog.open && await answers() && !await reconnect() && ++failures === 3) location.reload();
  }
  watching = false;
}

async function answers() {
  try {
    return (await fetch('health', { cache: 'no-store', signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

async function reconnect() {
  try {
    if (!await Blazor.reconnect()) location.reload();
    return true;
  } catch {
    return false;
  }
}
