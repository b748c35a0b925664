// What a person does with a mouse, as functions; thunderbird.py puts this before each script.

const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");

/** The answer "Confirm Security Exception" to a certificate that nobody signed. */
function trust(host, port, base64) {
  const certificate = Cc["@mozilla.org/security/x509certdb;1"]
    .getService(Ci.nsIX509CertDB)
    .constructX509FromBase64(base64);
  Cc["@mozilla.org/security/certoverride;1"]
    .getService(Ci.nsICertOverrideService)
    .rememberValidityOverride(host, port, {}, certificate, false);
}

/** `incoming` and `outgoing`: {type, host, port, socketType}. */
function makeAccount(address, password, incoming, outgoing) {
  const server = MailServices.accounts.createIncomingServer(address, incoming.host, incoming.type);
  server.port = incoming.port;
  server.socketType = Ci.nsMsgSocketType[incoming.socketType];
  server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
  server.password = password;
  server.prettyName = `${address} (${incoming.type})`;
  server.valid = true;

  const submission = MailServices.outgoingServer.createServer("smtp");
  const smtp = submission.QueryInterface(Ci.nsISmtpServer);
  smtp.hostname = outgoing.host;
  smtp.port = outgoing.port;
  submission.socketType = Ci.nsMsgSocketType[outgoing.socketType];
  submission.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
  submission.username = address;
  submission.password = password;

  const identity = MailServices.accounts.createIdentity();
  identity.email = address;
  identity.fullName = "A Person";
  identity.composeHtml = false;
  identity.smtpServerKey = submission.key;
  identity.valid = true;

  const account = MailServices.accounts.createAccount();
  account.addIdentity(identity);
  account.incomingServer = server;
  return account;
}

function accountOf(type) {
  return MailServices.accounts.accounts.find(account => account.incomingServer.type == type);
}

/** The folder at a path, or null. */
function folder(path, type = "imap") {
  let found = accountOf(type).incomingServer.rootFolder;
  for (const name of path.split("/")) {
    found = found?.subFolders.find(child => child.name == name);
  }
  return found ?? null;
}

/** The one message with a subject, or null. */
function message(path, subject, type = "imap") {
  const found = [...(folder(path, type)?.messages ?? [])].filter(candidate => candidate.subject == subject);
  if (found.length > 1) {
    throw new Error(`${found.length} messages with the subject ${subject}`);
  }
  return found[0] ?? null;
}

function subjects(path, type = "imap") {
  return [...folder(path, type).messages].map(found => found.subject).sort();
}

function settle(status, resolve, reject) {
  if (Components.isSuccessCode(status)) {
    resolve();
  } else {
    reject(new Error(`status 0x${status.toString(16)}`));
  }
}

/** Calls `start(listener)` and waits for the end of the url that it runs. */
function run(start) {
  return new Promise((resolve, reject) =>
    start({
      OnStartRunningUrl() {},
      OnStopRunningUrl: (url, status) => settle(status, resolve, reject),
    })
  );
}

/** What clicking on a folder does. */
function update(path) {
  folder(path).updateFolder(null);
}

/** Whether a condition comes true within a second. */
async function soon(condition) {
  const end = Date.now() + 1000;
  while (!condition()) {
    if (Date.now() > end) {
      return false;
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  return true;
}

/** Moves or copies messages by their subjects. */
function transfer(source, subjects, destination, move) {
  return new Promise((resolve, reject) =>
    MailServices.copy.copyMessages(
      folder(source),
      subjects.map(subject => message(source, subject)),
      folder(destination),
      move,
      {
        onStartCopy() {},
        onProgress() {},
        setMessageKey() {},
        getMessageId: () => null,
        onStopCopy: status => settle(status, resolve, reject),
      },
      null,
      false
    )
  );
}

/** Searches on the server; the subjects found. */
function search(path, attribute, text) {
  return new Promise((resolve, reject) => {
    const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
    session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder(path));
    const term = session.createTerm();
    const value = term.value;
    value.attrib = Ci.nsMsgSearchAttrib[attribute];
    value.str = text;
    term.attrib = value.attrib;
    term.value = value;
    term.op = Ci.nsMsgSearchOp.Contains;
    session.appendTerm(term);
    const found = [];
    session.registerListener({
      QueryInterface: ChromeUtils.generateQI(["nsIMsgSearchNotify"]),
      onNewSearch() {},
      onSearchHit: hit => found.push(hit.subject),
      onSearchDone: status => settle(status, () => resolve(found.sort()), reject),
    });
    session.search(null);
  });
}

function paneOfFolders() {
  return Services.wm.getMostRecentWindow("mail:3pane").document.getElementById("tabmail").currentAbout3Pane;
}

/** Opens a message in the main window. */
function show(path, subject, type = "imap") {
  const pane = paneOfFolders();
  const there = folder(path, type);
  if (pane.gFolder != there) {
    pane.displayFolder(there);
  }
  const row = pane.gDBView?.findIndexOfMsgHdr(message(path, subject, type), true);
  if (row === undefined || row == 0xffffffff) {
    return false;
  }
  pane.threadTree.selectedIndex = row;
  return true;
}

/** The text of the message that the main window shows. */
function shown() {
  return paneOfFolders().messageBrowser.contentDocument.getElementById("messagepane").contentDocument?.body
    ?.textContent;
}

/** A window to write in, filled. */
function write(to, subject, body, type = "imap") {
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  fields.to = to;
  fields.subject = subject;
  fields.body = body;
  const parameters = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
  parameters.composeFields = fields;
  parameters.identity = accountOf(type).defaultIdentity;
  parameters.type = Ci.nsIMsgCompType.New;
  parameters.format = Ci.nsIMsgCompFormat.PlainText;
  MailServices.compose.OpenComposeWindowWithParams(null, parameters);
}

function composition() {
  return Services.wm.getMostRecentWindow("msgcompose");
}
