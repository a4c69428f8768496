// The page of one head: orbit it, mix its identities and expressions. Opens from disk: everything
// comes from head.js, which sets window.OFER_HEAD = {title, note, glb, groups: [{title, keys}]}.
import {
  ACESFilmicToneMapping,
  Box3,
  Color,
  DirectionalLight,
  PCFSoftShadowMap,
  PerspectiveCamera,
  PMREMGenerator,
  Scene,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';
import { RoomEnvironment } from 'three/examples/jsm/environments/RoomEnvironment.js';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';

const LIGHTS = [
  [[0.9, 0.9, 1.3], 1.25, 0xfff1e4],
  [[-1.2, 0.2, 1.0], 0.35, 0xe6eeff],
  [[-0.5, 0.9, -1.2], 0.9, 0xffffff],
];

const IN_THE_MOUTH = /teeth|gums|tongue/i;
const SEEN_FROM_THE_MOUTH = 0.3; // of the surroundings' light

const head = window.OFER_HEAD;
const view = document.getElementById('view');
const panel = document.getElementById('panel');
const renderer = new WebGLRenderer({ canvas: view, antialias: true, preserveDrawingBuffer: true });
const scene = new Scene();
const camera = new PerspectiveCamera(24, 1, 0.01, 20);
const orbit = new OrbitControls(camera, view);
let meshes = [];

function setScene() {
  renderer.outputColorSpace = SRGBColorSpace;
  renderer.toneMapping = ACESFilmicToneMapping;
  renderer.toneMappingExposure = 0.9;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = PCFSoftShadowMap;
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
  scene.background = new Color(0x2b2d31);
  scene.environment = new PMREMGenerator(renderer).fromScene(new RoomEnvironment(), 0.04).texture;
  scene.environmentIntensity = 0.4;
  for (const [place, strength, colour] of LIGHTS) {
    const light = new DirectionalLight(colour, strength);
    light.position.set(...place);
    scene.add(light, light.target);
  }
}

// Without shadows, teeth behind the lips would be as bright as the skin.
function shade(model) {
  const box = new Box3().setFromObject(model);
  const middle = box.getCenter(new Vector3());
  const half = box.getSize(new Vector3()).length() / 2;
  for (const light of scene.children.filter((each) => each.isDirectionalLight)) {
    light.target.position.copy(middle);
    light.position.setLength(4 * half).add(middle);
    light.castShadow = true;
    light.shadow.mapSize.set(2048, 2048);
    light.shadow.bias = -0.0005;
    light.shadow.normalBias = 0.004 * half;
    light.shadow.radius = 4;
    Object.assign(light.shadow.camera, {
      left: -half, right: half, top: half, bottom: -half, near: half, far: 8 * half,
    });
  }
  model.traverse((each) => {
    if (!each.isMesh) return;
    each.receiveShadow = true;
    each.castShadow = !each.material.transparent;
    if (!IN_THE_MOUTH.test(each.material.name)) return;
    each.material.envMap = scene.environment;
    each.material.envMapIntensity = SEEN_FROM_THE_MOUTH;
  });
}

// Frames are drawn when something changed, so an open page costs nothing.
let asked = false;
function draw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    if (orbit.update()) draw();
    renderer.render(scene, camera);
  });
}

function fit() {
  const width = view.clientWidth;
  const height = view.clientHeight;
  renderer.setSize(width, height, false);
  camera.aspect = width / Math.max(height, 1);
  camera.updateProjectionMatrix();
  draw();
}

function look(model) {
  const box = new Box3().setFromObject(model);
  const middle = box.getCenter(new Vector3());
  const high = box.getSize(new Vector3()).y;
  orbit.target.set(middle.x, middle.y + 0.08 * high, middle.z);
  camera.position.set(middle.x - 0.5 * high, middle.y + 0.13 * high, middle.z + 2.4 * high);
  orbit.enableDamping = true;
  orbit.minDistance = 0.8 * high;
  orbit.maxDistance = 8 * high;
  orbit.addEventListener('change', draw);
}

function set(name, value) {
  for (const mesh of meshes) {
    const place = mesh.morphTargetDictionary[name];
    if (place !== undefined) mesh.morphTargetInfluences[place] = value;
  }
  draw();
}

function slider(name, label) {
  const row = document.createElement('label');
  const text = document.createElement('span');
  text.textContent = label;
  const bar = document.createElement('input');
  Object.assign(bar, { type: 'range', min: 0, max: 1, step: 0.01, value: 0, name });
  bar.addEventListener('input', () => set(name, Number(bar.value)));
  row.append(text, bar);
  return row;
}

function reset(inside) {
  for (const bar of inside.querySelectorAll('input')) {
    bar.value = 0;
    set(bar.name, 0);
  }
}

function addGroup(group, open) {
  const box = document.createElement('details');
  box.open = open;
  const title = document.createElement('summary');
  title.textContent = `${group.title} (${group.keys.length})`;
  const zero = document.createElement('button');
  zero.textContent = 'Reset';
  zero.addEventListener('click', () => reset(box));
  box.append(title, zero, ...group.keys.map(({ name, label }) => slider(name, label)));
  panel.append(box);
}

function fillPanel() {
  document.title = head.title;
  document.getElementById('title').textContent = head.title;
  document.getElementById('note').textContent = head.note;
  head.groups.filter((group) => group.keys.length).forEach((group, i) => addGroup(group, i < 2));
}

async function start() {
  setScene();
  fillPanel();
  const bytes = Uint8Array.from(atob(head.glb), (letter) => letter.charCodeAt(0));
  const { scene: model } = await new GLTFLoader().parseAsync(bytes.buffer, '');
  model.traverse((each) => {
    if (each.isMesh) each.frustumCulled = false;
    if (each.isMesh && each.morphTargetDictionary) meshes.push(each);
  });
  scene.add(model);
  shade(model);
  look(model);
  new ResizeObserver(fit).observe(view);
  fit();
  // For scripts: set a key, turn the head, wait until it is drawn.
  window.OFER_VIEW = {
    keys: [...new Set(meshes.flatMap((mesh) => Object.keys(mesh.morphTargetDictionary)))],
    set,
    turn(degrees) {
      const away = camera.position.clone().sub(orbit.target);
      const flat = Math.hypot(away.x, away.z);
      const angle = (degrees * Math.PI) / 180;
      camera.position.x = orbit.target.x + flat * Math.sin(angle);
      camera.position.z = orbit.target.z + flat * Math.cos(angle);
      draw();
    },
  };
  document.body.dataset.ready = 'yes';
}

start().catch((error) => {
  document.getElementById('note').textContent = `This page cannot be shown here: ${error.message}`;
  document.body.dataset.ready = 'failed';
});
