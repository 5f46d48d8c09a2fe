"""What the desk does in the browser by itself: it logs in and sends files."""

# The cookie of a login is set by the answer; what is shown behind it the server then draws.
DOOR = """
element.addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target, told = form.querySelector('#told');
  const {user, password} = Object.fromEntries(new FormData(form));
  const say = (why) => { told.textContent = why; };
  fetch('desk/login', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({user, password}),
  }).then((answer) => answer.ok ? {} : answer.json()).then(({error}) => {
    form.elements.password.value = '';
    if (!error) { say(''); trigger('submit'); return; }
    say(error === 'login_wait' ? form.dataset.loginWait
      : error === 'login_wrong' ? form.dataset.loginWrong : form.dataset.failed);
  }).catch(() => say(form.dataset.failed));
});
"""
# Files are sent one after the other, each for a handle; the server takes nothing but handles.
TRAY = """
const suffixes = (tray) => tray.dataset.suffixes.split(' ');
const looksFiled = (tray, name) => !/^(\\.|~\\$)/.test(name)
  && suffixes(tray).some((end) => name.toLowerCase().endsWith(end));
const send = async (tray, input) => {
  const isFolder = input.closest('#folder') !== null;
  const {largest, most, sending, failed} = tray.dataset;
  const chosen = [...input.files].filter((file) => !isFolder || looksFiled(tray, file.name));
  const sent = tray.querySelector('#sent'), handles = [];
  const inputs = [...tray.querySelectorAll('input')];
  inputs.forEach((one) => { one.disabled = true; });
  try {
    for (const file of chosen.slice(0, Number(most))) {
      sent.textContent = `${sending} ${handles.length + 1} / ${chosen.length} · ${file.name}`;
      const query = new URLSearchParams({name: file.name, size: file.size});
      const body = file.size > Number(largest) ? '' : file;
      const answer = await fetch('desk/upload?' + query, {method: 'POST', body,
        headers: {'Content-Type': 'application/octet-stream'}});
      if (!answer.ok) throw new Error(answer.status);
      handles.push((await answer.json()).handle);
    }
    sent.textContent = '';
  } catch {
    sent.textContent = failed;
  }
  inputs.forEach((one) => { one.disabled = false; one.value = ''; });
  trigger('upload', {handles: handles.join(' '), total: chosen.length});
};
element.addEventListener('change', (event) => {
  const input = event.target;
  if (input.matches('#tray input') && input.files.length) send(input.closest('#tray'), input);
});
element.addEventListener('click', (event) => {
  if (!event.target.closest('#leave')) return;
  fetch('desk/logout', {method: 'POST'}).catch(() => {}).then(() => trigger('submit'));
});
"""
# "Remove" asks before anything is done; a click views a filing, turns its page, reports a pair.
CLICKS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  const row = button && button.closest('[data-filing]');
  if (!row) return;
  const filing = row.dataset.filing;
  if (button.matches('.view')) trigger('select', {filing});
  if (button.matches('.remove')) {
    row.setAttribute('data-asking', '');
    row.querySelector('.no').focus();
  }
  if (button.matches('.no')) {
    row.removeAttribute('data-asking');
    row.querySelector('.remove').focus();
  }
  if (button.matches('.yes')) trigger('delete', {filing});
});
"""
# What was clicked keeps the focus, and the text goes along with the page that is turned to.
REPORTS = """
let pressed = null, turned = false, tops = [];
const papers = () => [...element.querySelectorAll('.paper')];
const textOf = (pair) => element.querySelector(`.passage .report[data-pair="${pair}"]`);
element.addEventListener('click', (event) => {
  const button = event.target.closest('.report, .turn');
  if (!button) return;
  const {pair, page} = button.dataset;
  turned = page !== undefined;
  pressed = turned ? (button.matches('.next') ? '.turn.next' : '.turn.previous')
    : `${button.matches('.tag') ? '.tag' : '.passage .report'}[data-pair="${pair}"]`;
  tops = papers().map((paper) => paper.scrollTop);
  trigger('select', turned ? {page} : {pair});
});
watch('value', () => {
  const button = pressed && element.querySelector(pressed);
  if (button) {
    papers().forEach((paper, at) => { paper.scrollTop = tops[at]; });
    const first = turned && element.querySelector('.tag');
    const text = first && textOf(first.dataset.pair);
    if (turned) papers()[0].scrollTop = 0;
    if (text) papers()[1].scrollTop = text.offsetTop;
    (button.disabled ? papers()[0] : button).focus({preventScroll: true});
  }
  pressed = null;
});
"""
