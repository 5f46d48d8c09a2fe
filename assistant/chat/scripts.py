"""What the chat does in the browser by itself: scripts for Gradio's elements."""

# A click on a suggestion asks it, one on "copy" copies the quotation, one on "show" shows where
# it stands, one on a judgement says it; what was said keeps the focus.
CLICKS = """
let said = null;
watch('value', () => {
  const name = said && ['turn', 'rank', 'verdict'].map((key) => `[data-${key}="${said[key]}"]`);
  const button = name && element.querySelector('.say' + name.join(''));
  if (button) button.focus({preventScroll: true});
  said = null;
});
element.addEventListener('click', (event) => {
  const asked = event.target.closest('[data-ask]');
  if (asked) { trigger('click', {question: asked.dataset.ask}); return; }
  const link = event.target.closest('[data-link]');
  if (link) { trigger('click', {address: link.dataset.link}); return; }
  const shown = event.target.closest('.show');
  if (shown) { trigger('select', {place: {...shown.dataset}}); return; }
  const judged = event.target.closest('.say');
  if (judged) { said = {...judged.dataset}; trigger('like', {judgement: said}); return; }
  const copy = event.target.closest('[data-copy], [data-share]');
  if (copy) {
    const address = () => new URL(copy.dataset.share, location.href.split(/[?#]/)[0]).href;
    navigator.clipboard.writeText(copy.dataset.copy ?? address())
      .then(() => { copy.textContent = copy.dataset.copied; });
  }
});
"""
# Pages are turned by the server; they are enlarged here. What was pressed keeps the focus.
PAGE_CLICKS = """
let pressed = '';
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.matches('.zoom')) {
    element.toggleAttribute('data-enlarged');
  } else {
    pressed = button.className;
    trigger('select', {place: {...button.dataset}});
  }
});
watch('value', () => {
  const paper = element.querySelector('.paper');
  const mark = paper && paper.querySelector('.mark, mark');
  if (mark) paper.scrollTo(Math.max(mark.offsetLeft - 60, 0), Math.max(mark.offsetTop - 60, 0));
  const button = pressed && element.getElementsByClassName(pressed)[0];
  if (button) button.focus({preventScroll: true});
  pressed = '';
});
"""
SHOW_PAGE = """
() => requestAnimationFrame(() =>
  document.querySelector('#page').scrollIntoView({behavior: 'smooth', block: 'nearest'}))
"""
# The page's address is that of the last question.
SCROLL = """
() => requestAnimationFrame(() => {
  const turn = [...document.querySelectorAll('#talk .turn')].at(-1);
  if (!turn) return;
  turn.scrollIntoView({behavior: 'smooth', block: 'start'});
  const share = turn.querySelector('[data-share]');
  if (!share) return;
  const address = new URL(share.dataset.share, location.href.split(/[?#]/)[0]);
  const lang = new URLSearchParams(location.search).get('lang');
  if (lang) address.searchParams.set('lang', lang);
  history.replaceState(history.state, '', address);
})
"""
# Once one asks, not once that is answered: they may have been opened again by then.
CLOSE_FILTERS = "() => { document.querySelector('#filters').removeAttribute('data-open') }"
# The filters stand on the row where one asks, wherever that is and however high it grows.
OPEN_FILTERS = """
() => {
  const filters = document.querySelector('#filters'), row = document.querySelector('#ask-row');
  const place = () => {
    const at = row.getBoundingClientRect();
    filters.style.left = at.left + 'px';
    filters.style.width = at.width + 'px';
    filters.style.bottom = innerHeight - at.top + 'px';
  };
  filters.toggleAttribute('data-open');
  if (!filters.follows) {
    filters.follows = new ResizeObserver(place);
    filters.follows.observe(row);
  }
  place();
}
"""
# Filed questions are offered above the box while one types; the keyboard stays in the box.
COMPLETE = """
const most = 500;
let wait = 0, asked = 0, active = -1;
const box = () => document.querySelector('#question textarea');
const list = () => element.querySelector('[role=listbox]');
const options = () => [...list().children];
const choose = (place) => {
  active = place;
  options().forEach((option, at) => option.setAttribute('aria-selected', at === place));
  const option = options()[place];
  if (option) option.scrollIntoView({block: 'nearest'});
  if (option) box().setAttribute('aria-activedescendant', option.id);
  else box().removeAttribute('aria-activedescendant');
};
// The box may have had the focus, or be made anew, before or after this runs.
const tell = () => {
  const told = {role: 'combobox', autocomplete: 'off', 'aria-autocomplete': 'list',
    'aria-controls': 'completions', 'aria-expanded': options().length > 0};
  Object.entries(told).forEach(([name, value]) => box()?.setAttribute(name, value));
};
const show = (questions) => {
  list().replaceChildren(...questions.map((question, place) => {
    const option = document.createElement('li');
    option.id = 'completion-' + place;
    option.dir = 'auto';
    option.textContent = question;
    option.setAttribute('role', 'option');
    return option;
  }));
  list().hidden = !questions.length;
  tell();
  choose(-1);
};
const close = () => { clearTimeout(wait); asked += 1; show([]); };
const look = () => {
  const own = ++asked, typed = box().value.trim();
  if (typed.length < 2 || typed.length > most) { show([]); return; }
  const address = new URL('complete' + list().dataset.conditions, location.href.split(/[?#]/)[0]);
  address.searchParams.set('q', typed);
  fetch(address)
    .then((answer) => answer.ok ? answer.json() : {questions: []})
    .catch(() => ({questions: []}))
    .then(({questions}) => {
      if (own === asked && document.activeElement === box()) show(questions);
    });
};
const typed = (event) => {
  if (event.target !== box() || event.isComposing) return;
  clearTimeout(wait);
  wait = setTimeout(look, 120);
};
const ask = (option) => {
  const question = option.textContent;
  box().value = '';
  box().dispatchEvent(new Event('input', {bubbles: true}));
  close();
  trigger('click', {question});
};
document.addEventListener('input', typed);
document.addEventListener('compositionend', typed);
document.addEventListener('focusin', (event) => { if (event.target === box()) tell(); });
tell();
// Other filters empty the list: what is typed meanwhile is looked for under these.
watch('value', () => {
  active = -1;
  tell();
  if (document.activeElement === box()) look();
});
document.addEventListener('focusout', (event) => { if (event.target === box()) close(); });
document.addEventListener('keydown', (event) => {
  if (event.target !== box() || event.isComposing) return;
  const count = options().length, step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (count && step) {
    event.preventDefault();
    // Round in a circle, with no option between the last and the first.
    choose((active + 1 + step + count + 1) % (count + 1) - 1);
  } else if (count && event.key === 'Escape') {
    close();
  } else if (event.key === 'Enter' && !event.shiftKey) {
    if (active < 0) { close(); return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(options()[active]);
  }
}, true);
element.addEventListener('mousedown', (event) => event.preventDefault());
element.addEventListener('click', (event) => {
  const option = event.target.closest('[role=option]');
  if (option) ask(option);
});
"""
