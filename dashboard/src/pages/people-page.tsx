/** For admins: badges nobody has, who belongs to us, links that let them in, and what is measured where. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { AddMember } from '../people/add-member.tsx';
import { type LinkOut, LinkPanel } from '../people/link-panel.tsx';
import { MemberList } from '../people/member-list.tsx';
import { Places } from '../people/places.tsx';
import { UnknownBadges } from '../people/unknown-badges.tsx';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Answer } from '../ui/figure.tsx';
import { Loaded } from '../ui/states.tsx';

export function PeoplePage() {
  const { api, live } = useApp();
  const [link, setLink] = useState<LinkOut | null>(null);
  const generation = live.generation.value;
  const members = useResource((signal) => api.members({ signal }), [generation]);
  const badges = useResource((signal) => api.badges({ signal }), [generation]);
  const unknown = useResource((signal) => api.unknownBadges({ signal }), [generation]);
  const shares = useResource((signal) => api.shares({ signal }), [generation]);
  const reload = () => {
    for (const each of [members, badges, unknown, shares]) each.reload();
  };
  const registered = badges.data ?? [];
  return (
    <Loaded resource={members}>
      {(list) => (
        <div class="page">
          <PeopleAnswer members={list} />
          {link !== null && <LinkPanel key={link.url} link={link} close={() => setLink(null)} />}
          <UnknownBadges
            fetched={unknown.data ?? []}
            registered={registered}
            members={presentByName(list)}
            onGiven={reload}
          />
          <div class="columns is-wide-left">
            <section class="card">
              <h2>{text.people.members}</h2>
              <MemberList
                members={list}
                badges={registered}
                unsold={shares.data?.unsold ?? 0}
                onLink={setLink}
                onChanged={reload}
              />
            </section>
            <AddMember
              onAdded={(added) => {
                setLink(added);
                reload();
              }}
            />
          </div>
          <Places members={list} />
        </div>
      )}
    </Loaded>
  );
}

function presentByName(members: readonly Member[]): Member[] {
  return members.filter(({ leftMs }) => leftMs === null).toSorted((a, b) => a.name.localeCompare(b.name));
}

function PeopleAnswer({ members }: { members: readonly Member[] }) {
  const { format } = useApp();
  const present = members.filter(({ leftMs }) => leftMs === null);
  const shares = format.number(present.reduce((sum, member) => sum + member.shares, 0));
  const sentence = text.people.answer(present.length, shares);
  return <Answer sentence={sentence} mark={text.people.answerMark(present.length)} />;
}
