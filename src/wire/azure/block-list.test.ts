import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockListLimits, parseBlockId, parseBlockList } from './block-list.ts';

const lists: [what: string, text: string, ids: string[] | undefined][] = [
  ['C’s', '<?xml version="1.0" encoding="utf-8"?>\r\n<BlockList><Latest>ICAgICAw</Latest></BlockList>', ['ICAgICAw']],
  [
    'Node’s',
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><BlockList><Latest>YQ==</Latest><Latest>Yg==</Latest></BlockList>',
    ['YQ==', 'Yg=='],
  ],
  ['one with white space and no declaration', '\n<BlockList>\n  <Uncommitted>YQ==</Uncommitted>\n</BlockList>\n', ['YQ==']],
  ['one after a byte order mark', '\ufeff<BlockList><Latest>YQ==</Latest></BlockList>', ['YQ==']],
  ['an empty one', '<BlockList></BlockList>', []],
  ['an empty element', '<?xml version="1.0"?><BlockList />', []],
  ['nothing', '', undefined],
  ['blocks that are in the blob', '<BlockList><Committed>YQ==</Committed></BlockList>', undefined],
  ['an unfinished one', '<BlockList><Latest>YQ==</Latest>', undefined],
  ['something behind it', '<BlockList></BlockList><x/>', undefined],
  ['another element', '<BlockList><Other>YQ==</Other></BlockList>', undefined],
  ['an element that closes as another', '<BlockList><Latest>YQ==</Uncommitted></BlockList>', undefined],
  ['an attribute', '<BlockList><Latest a="1">YQ==</Latest></BlockList>', undefined],
  ['a comment', '<BlockList><!-- --><Latest>YQ==</Latest></BlockList>', undefined],
  ['CDATA', '<BlockList><Latest><![CDATA[YQ==]]></Latest></BlockList>', undefined],
  ['an entity', '<BlockList><Latest>&a;</Latest></BlockList>', undefined],
  [
    'a bomb',
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><BlockList><Latest>&b;</Latest></BlockList>',
    undefined,
  ],
  [
    'an outside entity',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><BlockList><Latest>&a;</Latest></BlockList>',
    undefined,
  ],
  ['an abyss', '<BlockList>'.repeat(100_000), undefined],
  ['an id that is no base64', '<BlockList><Latest>Y===</Latest></BlockList>', undefined],
  ['a long id', `<BlockList><Latest>${'A'.repeat(88)}</Latest></BlockList>`, undefined],
  ['too many', `<BlockList>${'<Latest>YQ==</Latest>'.repeat(blockListLimits.blocksMax + 1)}</BlockList>`, undefined],
];
for (const [what, text, ids] of lists) {
  test(`${what} is ${ids ? 'read' : 'no list of blocks'}`, () => assert.deepEqual(parseBlockList(text), ids));
}

test('as many blocks as there may be are read', () => {
  const ids = parseBlockList(`<BlockList>${'<Latest>YQ==</Latest>'.repeat(blockListLimits.blocksMax)}</BlockList>`);
  assert.equal(ids?.length, blockListLimits.blocksMax);
});

test('a block’s id is base64 of 1 to 64 bytes', () => {
  const of = (length: number) => Buffer.alloc(length, 255).toString('base64');
  assert.equal(parseBlockId(of(64)), of(64));
  for (const text of ['', of(65), 'A'.repeat(100_000), '../x', 'YQ==\0']) assert.equal(parseBlockId(text), undefined);
});
