// Reads a FHIR R4 server with clients that this project did not write: fhir-kit-client and Medplum's client.
//
//   node clients.mjs BASE TOKEN STAY      BASE without /fhir; STAY is the business number of a stay with two versions
//
// Standard output holds one JSON object: what each of them found.
import { MedplumClient } from '@medplum/core';
import { Client } from 'fhir-kit-client';

const [base, token, stay] = process.argv.slice(2);

async function refusal(request) {
  try {
    await request;
  } catch (error) {
    const { status, data } = error.response ?? { status: 0, data: error.outcome };
    return { status, type: data?.resourceType, code: data?.issue?.[0]?.details?.coding?.[0]?.code };
  }
  return null;
}

async function kit() {
  const client = new Client({ baseUrl: `${base}/fhir`, bearerToken: token });
  const statement = await client.capabilityStatement();
  const first = await client.search({
    resourceType: 'ChargeItem',
    searchParams: { _count: '300', _sort: '-occurrence', _total: 'accurate' },
  });
  const seen = new Set();
  let pages = 0;
  for (let page = first; page; page = await client.nextPage({ bundle: page }), pages += 1) {
    page.entry.forEach(({ resource }) => seen.add(resource.id));
  }
  const posted = await client.search({
    resourceType: 'Encounter',
    searchParams: { identifier: stay, _include: 'Encounter:subject' },
    options: { postSearch: true },
  });
  const id = posted.entry[0].resource.id;
  const [newest, history] = await Promise.all([
    client.read({ resourceType: 'Encounter', id }),
    client.history({ resourceType: 'Encounter', id }),
  ]);
  const old = await client.vread({ resourceType: 'Encounter', id, version: '1' });
  const patient = await client.resolve({ reference: newest.subject.reference });
  return {
    release: statement.fhirVersion,
    types: statement.rest[0].resource.map(({ type }) => type),
    total: first.total,
    seen: seen.size,
    pages,
    modes: posted.entry.map(({ search }) => search.mode),
    etag: Client.httpFor(newest).response.headers.get('etag'),
    versions: history.entry.map(({ resource }) => resource.meta.versionId),
    ends: [newest.period.end, old.period.end],
    patient: patient.resourceType,
    unknown: await refusal(client.read({ resourceType: 'Patient', id: 'nobody' })),
    stranger: await refusal(new Client({ baseUrl: `${base}/fhir` }).read({ resourceType: 'Encounter', id })),
  };
}

async function medplum() {
  const client = new MedplumClient({ baseUrl: `${base}/`, fhirUrlPath: 'fhir', cacheTime: 0, fetch });
  client.setAccessToken(token);
  const found = await client.search('Encounter', { identifier: stay, _include: 'Encounter:subject' });
  const id = found.entry[0].resource.id;
  let charges = 0;
  for await (const page of client.searchResourcePages('ChargeItem', { _count: '300' })) charges += page.length;
  const history = await client.readHistory('Encounter', id);
  return {
    modes: found.entry.map(({ search }) => search.mode),
    charges,
    read: (await client.readResource('Encounter', id)).meta.versionId,
    old: (await client.readVersion('Encounter', id, '1')).meta.versionId,
    history: history.entry.length,
    unknown: await refusal(client.readResource('Patient', 'nobody')),
  };
}

console.log(JSON.stringify({ kit: await kit(), medplum: await medplum() }));
process.exit(0);
