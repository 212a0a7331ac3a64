"""Passwords that are tried first, in English and Portuguese. The words are those of public lists of leaked passwords; a
word counts also in capitals, with the usual letters swapped (p@ssw0rd), and with digits or signs around it."""

import re

# what is left of a password without what stands around it, in small letters
WORDS = frozenset(
    """
password passwort passw passwd pass passe senha minhasenha suasenha senhas senhasenha senhaforte senhasegura
mudarsenha trocarsenha novasenha acesso acessar entrar entrada login usuario user username admin administrador
administrator root toor teste test testing testando tester guest convidado visitante demo default padrao temp
temporario changeme changeit letmein welcome welcometo bemvindo secret secreta secreto segredo master mestre super
superuser superman batman spiderman ironman pokemon naruto starwars matrix dragon monkey shadow sunshine princess
princesa iloveyou iloveu ilove loveyou lovely love amor amore meuamor teamo eteamo amoreterno amorzinho paixao
querida querido bebe nenem filho filha familia familiafeliz mamae papai mamaepapai minhamae meupai mae pai vovo vida
minhavida vidaloka felicidade feliz esperanca liberdade sucesso vitoria jesus jesuscristo jesusteama cristo deus
deusefiel deusehmais deusmeama meudeus sodeus fe fiel gratidao abencoada abencoado senhor senhorjesus maria mariajose
jose joao joaopedro pedro paulo saopaulo lucas gabriel gabriela rafael rafaela mateus matheus felipe fernando fernanda
rodrigo ricardo marcelo marcos eduardo bruno bruna carlos daniel daniela diego gustavo leonardo leandro thiago tiago
vinicius guilherme henrique andre antonio francisco luiz luis miguel arthur davi samuel ana anaclara anapaula juliana
julia jessica camila beatriz larissa leticia amanda aline patricia priscila vanessa mariana carolina isabela isabella
sophia laura alice manuela helena cristina sandra adriana renata michael michelle jennifer jordan thomas robert charlie
andrew ashley nicole jasmine hannah matthew anthony joshua william george maggie ginger buster bailey cookie pepper
summer winter spring autumn hunter killer soccer football futebol baseball basketball hockey tennis golf flamengo
mengao corinthians timao palmeiras verdao santos saopaulofc spfc vasco vascodagama fluminense botafogo gremio
internacional colorado cruzeiro atletico galo bahia vitoriabahia sport nautico santacruz ceara fortaleza coritiba
athletico paysandu barcelona realmadrid chelsea liverpool arsenal neymar messi ronaldo cristiano ronaldinho brasil
brazil brasileiro brasileira portugal lisboa benfica sporting porto riodejaneiro rio curitiba salvador recife
manaus brasilia goiania belem floripa copadomundo carnaval samba computer computador internet windows google gmail
facebook whatsapp youtube linkedin iphone samsung android microsoft apple tawkee empresa
minhaempresa loja minhaloja vendas venda suporte atendimento cliente clientes comercial financeiro gerente gestor
escola faculdade trabalho trabalhar casa minhacasa carro dinheiro muitodinheiro rico cachorro cachorrinho gatinho
gatinha gato gata estrela estrelinha borboleta florzinha flor flores rosa chocolate morango banana abacaxi laranja
cerveja cachaca musica guitarra guitar mustang ferrari mercedes corvette harley porsche yamaha honda toyota
trustno whatever nothing freedom forever blink michaeljackson metallica nirvana slipknot linkinpark diamond
diamante silver gold golden orange purple yellow green blue azul verde vermelho amarelo preto branco cheese butter
phoenix falcon eagle tiger tigre lion leao wolf lobo bear urso eagles lakers cowboys yankees steelers
abc abcd abcde abcdef abcdefg abcdefgh abcxyz asd asdf asdfg asdfgh asdfghj asdfghjk asdfghjkl asdasd asdasdasd qwe
qwer qwert qwerty qwertyu qwertyui qwertyuio qwertyuiop qweasd qweasdzxc qweqwe qazwsx qazwsxedc qaz wsx zaq zaqwsx
zaqxsw zxc zxcv zxcvb zxcvbn zxcvbnm zxczxc qwertz azerty aqwzsx poiuyt poiuytrewq mnbvcxz lkjhgfdsa
sempre parasempre saudade saudades alegria alegre sorriso coracao coracaozinho bonita bonito linda lindo lindinha
gostosa gostoso princesinha rainha anjo anjinho anjos lua solsol praia verao inverno
""".split()
)
AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
SWAPPED = str.maketrans("@4301!$57", "aaeoiisst")
RUNS = """
012345678901234567890 987654321098765432109 abcdefghijklmnopqrstuvwxyz qwertyuiopasdfghjklzxcvbnm 1q2w3e4r5t6y7u8i9o0p
1qaz2wsx3edc4rfv5tgb6yhn7ujm q1w2e3r4t5y6u7i8o9p0 a1b2c3d4e5f6g7h8
""".split()
LONG = 16  # as long as this, a phrase may hold any word


def is_common(password: str) -> bool:
    """Whether a password would be found within the first thousands of tries: a common word with little around it, a run
    of neighbouring keys, a few characters repeated, or a short number such as a date or a phone's."""
    text = password.casefold()
    if len(text) >= LONG:
        return len(set(text)) == 1 and len(text) < 2 * LONG
    bare = AROUND.sub("", text)
    spellings = {bare, bare.translate(SWAPPED), AROUND.sub("", text.translate(SWAPPED))}
    return (
        len(set(text)) <= 3
        or text.isdigit()
        and len(text) < 12
        or any(text in run or halves(text) in run for run in RUNS)
        or any(word in WORDS or halves(word) in WORDS for word in spellings if word)
    )


def halves(text: str) -> str:
    """What is written twice, once: `senhasenha`, `12341234`; else the text itself."""
    half = len(text) // 2
    return text[:half] if text[:half] == text[half:] else text
